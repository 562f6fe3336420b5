import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, unwrap } from "@/client/api";
import type { Address, Feedback, NewFeedback, Use } from "@/client/types";

export const TYPES = ["experience", "problem", "idea", "question"] as const satisfies readonly Feedback["type"][];
export const CATEGORIES = ["accuracy", "data", "documentation", "fairness", "speed", "usability", "other"] as const satisfies readonly Feedback["category"][];

export type FeedbackFilter = { version?: number; type?: Feedback["type"]; rating?: number };

const PATH = "/api/v1/repos/{owner}/{name}/feedback";

/** All that is known of a repository's feedback begins with this key. */
export const feedbackKey = ({ owner, name }: Address) => ["feedback", owner, name];

export const feedbackQuery = (address: Address, filter: FeedbackFilter) =>
  infiniteQueryOptions({
    queryKey: [...feedbackKey(address), "list", filter],
    queryFn: ({ pageParam, signal }) => unwrap(api.GET(PATH, { params: { path: address, query: { ...filter, cursor: pageParam, limit: 20 } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

export const summaryQuery = (address: Address) =>
  queryOptions({
    queryKey: [...feedbackKey(address), "summary"],
    queryFn: ({ signal }) => unwrap(api.GET(`${PATH}/summary`, { params: { path: address }, signal })),
  });

/** Versions that the person tried and has said nothing about. */
export const wantedQuery = queryOptions({
  queryKey: ["feedback", "wanted"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/feedback/wanted", { params: { query: { limit: 5 } }, signal })),
});

/** Versions that the person downloaded or ran, the latest first. */
export const usesQuery = (how?: Use) =>
  queryOptions({
    queryKey: ["feedback", "uses", how],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/uses", { params: { query: { how, limit: 8 } }, signal })),
  });

export const giveFeedback = (address: Address, body: NewFeedback) => unwrap(api.POST(PATH, { params: { path: address }, body }));

export type FeedbackChange = Pick<NewFeedback, "category" | "rating" | "text">;

export const changeFeedback = (address: Address, id: string, body: FeedbackChange) =>
  unwrap(api.PATCH(`${PATH}/{feedback_id}`, { params: { path: { ...address, feedback_id: id } }, body }));

export const deleteFeedback = (address: Address, id: string) =>
  unwrap(api.DELETE(`${PATH}/{feedback_id}`, { params: { path: { ...address, feedback_id: id } } }));

export const reply = (address: Address, id: string, text: string) =>
  unwrap(api.POST(`${PATH}/{feedback_id}/replies`, { params: { path: { ...address, feedback_id: id } }, body: { text } }));

export const deleteReply = (address: Address, id: string, replyId: string) =>
  unwrap(api.DELETE(`${PATH}/{feedback_id}/replies/{reply_id}`, { params: { path: { ...address, feedback_id: id, reply_id: replyId } } }));

export const declineFeedback = (address: Address, number: number) =>
  unwrap(api.DELETE("/api/v1/repos/{owner}/{name}/versions/{number}/wanted-feedback", { params: { path: { ...address, number } } }));
