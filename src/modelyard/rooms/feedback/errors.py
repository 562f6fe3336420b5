"""What can go wrong with feedback."""

from modelyard.kit.errors import Conflict, Forbidden, NotFound


class FeedbackMissing(NotFound):
    code = "feedback_missing"
    title = "No such feedback"


class ReplyMissing(NotFound):
    code = "reply_missing"
    title = "No such reply"


class FeedbackGiven(Conflict):
    code = "feedback_given"
    title = "You have given such feedback already"


class OwnRepository(Forbidden):
    code = "own_repository"
    title = "Nobody rates what is their own"


class NotAuthor(Forbidden):
    code = "not_author"
    title = "Only its author may do this"


class TooManyReplies(Conflict):
    code = "too_many_replies"
    title = "There are too many replies"
