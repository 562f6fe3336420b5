import { Button, Group, SegmentedControl, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { IconDownload, IconUpload } from "@tabler/icons-react";
import type { FormEvent } from "react";

import { problemOf } from "@/client/problem";
import { useUpload } from "@/features/content/api/use-upload";
import { DropZone } from "@/features/content/components/drop-zone";
import { registryOf } from "@/lib/registry-of";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";
import { useProblemFocus } from "@/ui/use-problem-focus";

import { ConfigWriter } from "./config-writer";
import { type PushDraft, type PushSource, usePushDraft } from "./draft";
import { ImageSource } from "./image-source";
import { Naming } from "./naming";
import { OperationZip, Script } from "./operation-files";
import { placeProblems } from "./place-problems";
import { usePush } from "./use-push";
import { brokenZones, contentsOf, missingZones, pendingZones, type Uploads, ZONES } from "./zones";

/** `owner` is who is signed in, unless a repository exists. */
type Props = { owner: string; kind: "model" | "operation"; existing?: string };

const WAYS: Record<Props["kind"], { value: PushSource; label: string }[]> = {
  model: [{ value: "parts", label: "Separate files" }, { value: "model", label: "A model file" }, { value: "archive", label: "One zip" }],
  operation: [{ value: "script", label: "A script" }, { value: "archive", label: "One zip" }, { value: "image", label: "From a registry" }],
};
const EXAMPLES = { model: { name: "digits", title: "Handwritten digits" }, operation: { name: "augment-images", title: "Augment images" } };

/** Everything that a push needs, or an import. Files are sent as soon as they are chosen; nothing typed is lost. */
export function PushForm({ owner: holder, kind, existing }: Props) {
  const key = `push${kind === "model" ? "" : `-${kind}`}:${holder}/${existing ?? ""}`;
  const held = usePushDraft(key, kind === "model" ? "parts" : "script");
  const { draft, change } = held;
  const owner = (!existing && draft.owner) || holder;
  const isImport = draft.source === "image";
  const uploads = useUploads(key);
  const clear = () => ZONES.forEach((zone) => uploads[zone].clear());
  const push = usePush({ owner, existing, kind, held, contents: () => (isImport ? { image: draft.image.trim() } : contentsOf(draft.source, uploads)), clear });
  const form = useProblemFocus(push.error);
  const problem = push.error ? problemOf(push.error) : null;
  const placed = problem ? placeProblems(problem, draft.source) : {};
  const waiting = waitingFor(draft, existing, uploads);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    push.mutate();
  };
  return (
    <form ref={form} onSubmit={submit}>
      <Stack gap="lg">
        {problem && (Object.keys(placed).length ? <ProblemAlert brief error={push.error} title="This was not accepted; see below" /> : <ProblemAlert error={push.error} />)}
        {!existing && <Naming owner={owner} draft={draft} change={change} errors={placed} example={EXAMPLES[kind]} />}
        <Section
          title={isImport ? "Image" : "Files"}
          aside={<SegmentedControl size="xs" aria-label="How the files come" value={draft.source} onChange={(source) => change({ source: source })} data={WAYS[kind]} />}
        >
          {draft.source === "parts" && <Parts uploads={uploads} errors={placed} />}
          {draft.source === "model" && <ModelFile uploads={uploads} errors={placed} />}
          {draft.source === "script" && <Script uploads={uploads} errors={placed} />}
          {draft.source === "archive" && (kind === "model" ? <Archive uploads={uploads} error={placed.archive} /> : <OperationZip upload={uploads.archive} error={placed.archive} />)}
          {isImport && <ImageSource image={draft.image} onChange={(image) => change({ image })} error={placed.image} isSignInRefused={problem?.code === "registry_sign_in_refused"} />}
        </Section>
        {!isImport && <TextInput label="Message" description="What is new in this version; optional." maxLength={2000} value={draft.message} onChange={(e) => change({ message: e.currentTarget.value })} error={placed.message} />}
        <Group gap="md">
          <Button type="submit" leftSection={isImport ? <IconDownload size={16} /> : <IconUpload size={16} />} loading={push.isPending} disabled={waiting !== ""}>
            {isImport ? "Import" : "Push"}
          </Button>
          <Text size="sm" c="dimmed" role="status">{push.isPending && isImport ? `Asking ${registryOf(draft.image)} …` : waiting}</Text>
        </Group>
      </Stack>
    </form>
  );
}

function useUploads(key: string): Uploads {
  return {
    source: useUpload(`${key}:source`),
    artifact: useUpload(`${key}:artifact`),
    requirements: useUpload(`${key}:requirements`),
    config: useUpload(`${key}:config`),
    archive: useUpload(`${key}:archive`),
  };
}

/** What is to be done before this can be pushed; empty when nothing is. */
function waitingFor({ name, source, image }: PushDraft, existing: string | undefined, uploads: Uploads): string {
  if (!existing && !name.trim()) return "Give it a name.";
  if (source === "image") return image.trim() ? "" : "Name an image.";
  const missing = missingZones(source, uploads);
  if (missing.length) return missing[0] === "archive" ? "The zip is missing." : missing[0] === "artifact" ? "The model is missing." : source === "script" ? "The script is missing." : `Still missing: ${missing.join(" and ")}.`;
  const broken = brokenZones(source, uploads);
  if (broken.length) return `Not all of ${broken.join(", ")} arrived: choose it again, or remove it.`;
  const pending = pendingZones(source, uploads);
  return pending.length ? `Waiting for ${pending.join(", ")} to be sent.` : "";
}

function Parts({ uploads, errors }: { uploads: Uploads; errors: Partial<Record<string, string>> }) {
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <DropZone label="Source" hint="A zip of your code" accept=".zip" required upload={uploads.source} error={errors.source} />
        <DropZone label="Model" hint="model.pkl, or whatever the code loads" accept="" upload={uploads.artifact} error={errors.artifact} />
        <DropZone label="Requirements" hint="requirements.txt" accept=".txt" upload={uploads.requirements} error={errors.requirements} />
        <DropZone label="Config" hint="config.json: which function to call" accept=".json" required upload={uploads.config} error={errors.config} />
      </SimpleGrid>
      {uploads.config.state.phase === "empty" && <ConfigWriter onWritten={uploads.config.choose} />}
    </>
  );
}

function ModelFile({ uploads, errors }: { uploads: Uploads; errors: Partial<Record<string, string>> }) {
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <DropZone label="Model" hint="model.onnx, model.joblib, model.keras …" accept="" required upload={uploads.artifact} error={errors.artifact} />
        <DropZone label="Requirements" hint="requirements.txt" accept=".txt" upload={uploads.requirements} error={errors.requirements} />
      </SimpleGrid>
      <Text size="sm" c="dimmed" mt="xs">
        ONNX, Keras, and pickles of scikit-learn, XGBoost and LightGBM need no code: what they take and give is read when they are loaded. A pickle needs the requirements that it was made with.
      </Text>
    </>
  );
}

function Archive({ uploads, error }: { uploads: Uploads; error: string | undefined }) {
  return (
    <>
      <DropZone label="Zip" hint="A folder with modelyard.yaml or MLmodel inside" accept=".zip" required upload={uploads.archive} error={error} />
      <Text size="sm" c="dimmed" mt="xs">modelyard.yaml names what to call:</Text>
      <pre className="code">{'predict: "model:predict"\nartifact: model.pkl\nrequirements: requirements.txt'}</pre>
    </>
  );
}
