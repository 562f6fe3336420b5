import { Anchor, Button, Checkbox, Code, Group, List, Stack, Text } from "@mantine/core";
import { IconPhotoUp } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import type { Address } from "@/client/types";
import { useUploads } from "@/features/content/api/use-uploads";
import { FilesZone } from "@/features/content/components/files-zone";
import { importImages, versionQuery } from "@/features/versions/api/versions";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

const PLAIN_TABLE = /\.(csv|tsv|tab|jsonl|ndjson|parquet)$/i;
const TABLE = /^[^/]+\.(csv|tsv|jsonl?|ndjson|parquet)$/i;
const TEMPLATE = `data:text/csv;charset=utf-8,${encodeURIComponent("file_name,label,split\ncats/1.png,cat,train\ndogs/7.png,dog,test\n")}`;
const SHARES = [0.8, 0.1, 0.1];

/** The next version of a dataset from archives of images, which stay packed, or from plain tables; all is checked on the way. */
export function ImportForm({ address, holds }: { address: Address; holds: "images" | "files" | null }) {
  const hasImages = holds === "images";
  const uploads = useUploads(`import:${address.owner}/${address.name}`);
  const [chosen, setAppend] = useState<boolean | null>(null);
  const [split, setSplit] = useState(false);
  const [strict, setStrict] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const { items } = uploads;
  const isTables = items.length > 0 && items.every(({ path }) => PLAIN_TABLE.test(path));
  const labels = isTables ? [] : items.filter(({ path }) => TABLE.test(path));
  const adds = isTables ? holds === "files" : hasImages;
  const append = chosen ?? hasImages;
  const sent = (one: (typeof items)[number]) => (one.uploadId ? [one.uploadId] : []);
  const begin = useMutation({
    mutationFn: () =>
      importImages(address, {
        uploads: items.filter((one) => !labels.includes(one)).flatMap(sent),
        labels: labels.flatMap(sent)[0] ?? null,
        split: split && !isTables ? SHARES : null,
        on_bad: strict ? "fail" : "skip",
        append: append && adds,
      }),
    onSuccess: async (version) => {
      queries.setQueryData(versionQuery(address, version.number).queryKey, version);
      void queries.invalidateQueries({ queryKey: ["versions", address.owner, address.name] });
      uploads.clear();
      await navigate({ to: "/$owner/$name/versions/$number", params: { ...address, number: String(version.number) } });
    },
  });
  const waiting = items.length > labels.length && items.every(({ uploadId }) => uploadId) && labels.length <= 1;
  return (
    <Section title="Import images or tables">
      <Stack gap="md">
        {begin.error && <ProblemAlert error={begin.error} />}
        <FilesZone label="Archives of images, or tables" hint="Drop zip or tar files of images here, with a table of labels if there is one; or CSV, TSV, Parquet and JSON Lines files alone" uploads={uploads} />
        <Instructions />
        {adds && <Checkbox label={isTables ? "Keep the files that are there" : "Add to the images that are there"} checked={append} onChange={(e) => setAppend(e.currentTarget.checked)} />}
        {!isTables && <Checkbox label="Split what names no split: 80 % train, 10 % validation, 10 % test" description="By each image's content, so that it stays in its split." checked={split} onChange={(e) => setSplit(e.currentTarget.checked)} />}
        {!isTables && <Checkbox label="Fail if any file is no good image" description="Otherwise they are listed with the reason, and left out." checked={strict} onChange={(e) => setStrict(e.currentTarget.checked)} />}
        <Group>
          <Button leftSection={<IconPhotoUp size={16} />} loading={begin.isPending} disabled={!waiting} onClick={() => begin.mutate()}>Import</Button>
        </Group>
      </Stack>
    </Section>
  );
}

function Instructions() {
  return (
    <List size="sm" c="dimmed">
      <List.Item>A folder for each class, as in <Code>cat/1.png</Code>; below <Code>train</Code>, <Code>validation</Code> and <Code>test</Code> if you like.</List.Item>
      <List.Item>Or a table beside the images: <Anchor href={TEMPLATE} download="labels.csv">download a template</Anchor>.</List.Item>
      <List.Item>Or tables alone, also in a zip or tar: each is read to its last line, and stays a file that opens as a table.</List.Item>
      <List.Item><Text span inherit>Every image is decoded once. The archive stays as it is, with an index.</Text></List.Item>
    </List>
  );
}
