import { Stack, Text, Title } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/features/accounts/api/session";
import { EmptyState } from "@/ui/empty-state";
import { LinkButton } from "@/ui/links";
import { usePageTitle } from "@/ui/page-title";

import { DatasetForm } from "../push/dataset-form";
import { PushForm } from "../push/push-form";
import { useRepository } from "./repository-pages";

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
          {session?.account && <PushForm owner={session.account.username} />}
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

/** The next version of a repository. */
export function NewVersionPage() {
  const { address, repository } = useRepository();
  usePageTitle(`New version · ${address.owner}/${address.name}`);
  if (repository && !repository.can_write)
    return <EmptyState icon={<IconLock size={34} />} title="Only the owner pushes here">Ask {address.owner}, or push a model of your own.</EmptyState>;
  if (!repository) return null;
  const Form = repository.kind === "dataset" ? DatasetForm : PushForm;
  return <div style={{ maxWidth: 820 }}><Form key={address.name} owner={address.owner} existing={address.name} /></div>;
}

function ReadersCannot() {
  return (
    <EmptyState whole icon={<IconLock size={34} />} title="Your role is reader" action={<LinkButton to="/" variant="default">Explore models</LinkButton>}>
      Readers see and run models. Ask an administrator for the role creator to push your own.
    </EmptyState>
  );
}
