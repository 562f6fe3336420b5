import { Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import type { Address } from "@/client/types";
import { sessionQuery } from "@/features/accounts/api/session";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";

import { DatasetForm } from "../push/dataset-form";
import { ImportForm } from "../push/import-form";
import { PushForm } from "../push/push-form";
import { NotAllowed } from "./not-allowed";
import { useRepository, useVersions } from "./repository-pages";

/** A new repository and its first version, in one form. */
export function NewModelPage() {
  usePageTitle("New model");
  const { data: session } = useQuery(sessionQuery);
  const reader = session?.account?.role === "reader";
  return (
    <main className="page" data-narrow id="main">
      {reader ? (
        <ReadersCannot />
      ) : (
        <Stack gap="md">
          <div>
            <Title order={1}>New model</Title>
            <Text c="dimmed">A trained model, the source that uses it, what it requires, and which function to call. It becomes an image in seconds.</Text>
          </div>
          {session?.account && <PushForm owner={session.account.username} kind="model" />}
        </Stack>
      )}
    </main>
  );
}

/** A new dataset and its first version, in one form. */
export function NewDatasetPage() {
  usePageTitle("New dataset");
  const { data: session } = useQuery(sessionQuery);
  if (session?.account?.role === "reader") return <main className="page" data-narrow id="main"><ReadersCannot /></main>;
  return (
    <main className="page" data-narrow id="main">
      <Stack gap="md">
        <div>
          <Title order={1}>New dataset</Title>
          <Text c="dimmed">Files that others find, look at and download; each push is a version that stays as it is.</Text>
        </div>
        {session?.account && <DatasetForm owner={session.account.username} />}
      </Stack>
    </main>
  );
}

/** A new operation and its first version, in one form. */
export function NewOperationPage() {
  usePageTitle("New operation");
  const { data: session } = useQuery(sessionQuery);
  if (session?.account?.role === "reader") return <main className="page" data-narrow id="main"><ReadersCannot /></main>;
  return (
    <main className="page" data-narrow id="main">
      <Stack gap="md">
        <div>
          <Title order={1}>New operation</Title>
          <Text c="dimmed">A Python script that makes data of data, shows it, or trains a model; or an image that does, from another registry. Its types become the form that others run it with.</Text>
        </div>
        {session?.account && <PushForm owner={session.account.username} kind="operation" />}
      </Stack>
    </main>
  );
}

/** A dataset's next version: files, or images that stay packed. */
function NextData({ address }: { address: Address }) {
  const { versions } = useVersions(address);
  const newest = versions.find(({ state }) => state === "ready");
  const holds = newest ? (newest.packed ? "images" : "files") : null;
  return (
    <Stack gap="lg">
      <ImportForm address={address} holds={holds} />
      <DatasetForm key={address.name} owner={address.owner} existing={address.name} />
    </Stack>
  );
}

const NEW = { model: "/new", dataset: "/new/dataset", operation: "/new/operation" } as const;

/** The next version of a repository. */
export function NewVersionPage() {
  const { address, repository } = useRepository();
  usePageTitle(`New version · ${address.owner}/${address.name}`);
  if (repository && !repository.can_write)
    return <NotAllowed title="Only maintainers push here" action={<LinkButton to={NEW[repository.kind]} variant="default">Push one of your own</LinkButton>}>Ask {address.owner} for what you miss.</NotAllowed>;
  if (!repository) return null;
  const place = { owner: address.owner, existing: address.name };
  return <div style={{ maxWidth: 820 }}>{repository.kind === "dataset" ? <NextData address={address} /> : <PushForm key={address.name} {...place} kind={repository.kind} />}</div>;
}

function ReadersCannot() {
  return (
    <NotAllowed whole title="Your role is reader" action={<LinkButton to="/" variant="default">Explore models</LinkButton>}>
      Readers see and run models. Ask an administrator for the role creator to push your own.
    </NotAllowed>
  );
}
