import { getRouteApi, useNavigate } from "@tanstack/react-router";

import { CommitPage } from "@/features/repos/pages/commit-page";
import { CommitsPage } from "@/features/repos/pages/commits-page";
import { EditPage } from "@/features/repos/pages/edit-page";
import { RevisionsPage } from "@/features/repos/pages/revisions-page";

import { useRepository } from "./repository-pages";

const commits = getRouteApi("/site/$owner/$name/commits");
const commit = getRouteApi("/site/$owner/$name/commits/$commit");
const compare = getRouteApi("/site/$owner/$name/compare");
const edit = getRouteApi("/site/$owner/$name/edit/$");
const fresh = getRouteApi("/site/$owner/$name/new/$");

export function CommitsRoute() {
  return <CommitsPage address={useRepository().address} revision={commits.useSearch().revision} />;
}

export function CommitRoute() {
  return <CommitPage address={useRepository().address} revision={commit.useParams().commit} />;
}

export function CompareRevisionsRoute() {
  const { address } = useRepository();
  const { base = "main", head = "main" } = compare.useSearch();
  const navigate = useNavigate();
  return <RevisionsPage address={address} base={base} head={head} onChoose={(search) => void navigate({ to: "/$owner/$name/compare", params: address, search })} />;
}

export function EditRoute() {
  const { _splat: path = "" } = edit.useParams();
  return <Editing path={path} revision={edit.useSearch().revision} isNew={false} />;
}

export function NewFileRoute() {
  const { _splat: path = "" } = fresh.useParams();
  return <Editing path={path} revision={fresh.useSearch().revision} isNew />;
}

function Editing({ path, revision, isNew }: { path: string; revision: string | undefined; isNew: boolean }) {
  const { address, repository } = useRepository();
  const navigate = useNavigate();
  const show = (shown: string, branch: string) => void navigate({ to: "/$owner/$name/files/$", params: { ...address, _splat: shown }, search: { revision: branch === "main" ? undefined : branch } });
  return <EditPage address={address} branch={revision ?? "main"} role={repository?.role} path={path} isNew={isNew} onDone={show} />;
}
