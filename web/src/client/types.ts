import type { components } from "./generated/schema";

type Schemas = components["schemas"];

export type Account = Schemas["Account"];
export type Role = Account["role"];
export type SessionInfo = Schemas["SessionInfo"];
export type SignUp = SessionInfo["sign_up"];
export type Token = Schemas["Token"];
export type NewToken = Schemas["CreatedToken"];
export type Invitation = Schemas["Invitation"];
export type NewInvitation = Schemas["CreatedInvitation"];
export type Repository = Schemas["Repository"];
export type Visibility = Repository["visibility"];
export type FileEntry = Schemas["TreeEntry"];
export type FileChange = Schemas["FileChange"];
export type Commit = Schemas["Commit"];
export type Facets = Schemas["Facets"];
export type Sort = Schemas["Sort"];
export type Use = Schemas["UsedVersion"]["how"];
export type Feedback = Schemas["Feedback"];
export type Reply = Feedback["replies"][number];
export type NewFeedback = Schemas["NewFeedback"];
export type FeedbackSummary = Schemas["Summary"];
export type DatasetFile = Schemas["DatasetFile"];
export type Archive = Schemas["ArchiveInfo"];
export type ShownCard = Schemas["ShownCard"];
export type CardField = ShownCard["fields"][number];
export type Weights = Schemas["Weights"];
export type Version = Schemas["Version"];
export type Operation = Schemas["Operation"];
export type Stage = Schemas["BuildStage"];
export type Deployment = Schemas["Deployment"];
export type Replica = Deployment["running"][number];
export type AliasChange = Schemas["AliasChange"];
export type UsageLine = Schemas["UsageLine"];
export type SummedBy = Schemas["By"];
export type Quota = Schemas["Quota"];
export type QuotaKind = Quota["kind"];
export type Doctor = Schemas["Diagnosis"];
export type Output = Schemas["Output"];
export type TablePage = Schemas["TablePage"];
export type TableColumn = Schemas["Column"];
export type TableStatistics = Schemas["TableStatistics"];
export type ColumnStatistics = Schemas["ColumnStatistics"];

/** The address of a repository. */
export type Address = { owner: string; name: string };
