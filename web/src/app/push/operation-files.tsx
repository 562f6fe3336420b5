import { Select, SimpleGrid, Text } from "@mantine/core";
import { useState } from "react";

import type { Operation } from "@/client/types";
import type { UploadHandle } from "@/features/content/api/use-upload";
import { DropZone } from "@/features/content/components/drop-zone";
import { KIND_MEANINGS, OPERATION_KINDS } from "@/features/versions/components/operation-kinds";

import type { Uploads } from "./zones";

const EXAMPLE = "def rotate(images: Path, output: Path, *, angle: int = 90):\n    ...";

/** One file of Python, what it requires, and what it is for. */
export function Script({ uploads, errors }: { uploads: Uploads; errors: Partial<Record<string, string>> }) {
  const [kind, setKind] = useState<Operation["kind"]>("operation");
  const choose = (chosen: string | null) => {
    const known = OPERATION_KINDS.find((one) => one === chosen) ?? "operation";
    setKind(known);
    uploads.config.choose(new File([JSON.stringify({ kind: known })], "config.json", { type: "application/json" }));
  };
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <DropZone label="Script" hint="One .py file with a typed function" accept=".py" required upload={uploads.source} error={errors.source} />
        <DropZone label="Requirements" hint="requirements.txt" accept=".txt" upload={uploads.requirements} error={errors.requirements} />
      </SimpleGrid>
      <Select mt="sm" maw={380} label="What it does" description={KIND_MEANINGS[kind]} inputWrapperOrder={["label", "input", "description", "error"]} data={OPERATION_KINDS} value={kind} onChange={choose} allowDeselect={false} error={errors.config} />
      <Text size="sm" c="dimmed" mt="sm">Its function takes files as Path and leaves what it makes in output; all else becomes the form:</Text>
      <pre className="code">{EXAMPLE}</pre>
    </>
  );
}

/** A folder as a zip, for operations of several files. */
export function OperationZip({ upload, error }: { upload: UploadHandle; error: string | undefined }) {
  return (
    <>
      <DropZone label="Zip" hint="A folder with modelyard.yaml inside" accept=".zip" required upload={upload} error={error} />
      <Text size="sm" c="dimmed" mt="xs">modelyard.yaml names the function:</Text>
      <pre className="code">{'run: "rotate:rotate"\nkind: operation\nrequirements: requirements.txt'}</pre>
    </>
  );
}
