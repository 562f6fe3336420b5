import { Group, SegmentedControl, Select, Skeleton, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { Address, Version } from "@/client/types";
import { CodeBlock } from "@/ui/code-block";
import { CopyButton } from "@/ui/copy-button";
import { DownloadButton } from "@/ui/download-button";
import { usePageTitle } from "@/ui/page-title";
import { ProblemAlert } from "@/ui/problem-alert";
import { Section } from "@/ui/section";

import { bundleUrl, checksumQuery } from "../api/bundle";

type Props = {
  address: Address;
  /** Those that are ready, newest first; at least one. */
  versions: Version[];
};

/** Takes the model away: one file with model, page and steps, for a machine with Docker or Podman and no Modelyard. */
export function BundlePage({ address, versions }: Props) {
  usePageTitle(`Bundle · ${address.owner}/${address.name}`);
  const [number, setNumber] = useState<number | null>(null);
  const [wanted, setWanted] = useState<string | null>(null);
  const version = versions.find((one) => one.number === number) ?? versions[0];
  if (!version) return null;
  const platforms = version.platforms.length ? version.platforms : ["linux/amd64"];
  const platform = wanted && platforms.includes(wanted) ? wanted : (platforms[0] as string);
  return (
    <Stack gap="lg" maw={860}>
      <Section title="Download">
        <Text size="sm" mb="md">One file with the model, a page with its form, and the steps. It runs on any machine with Docker or Podman; no network and no Modelyard is needed there.</Text>
        <Group gap="md" align="end" mb="md">
          <Select label="Version" w={90} data={versions.map((one) => ({ value: String(one.number), label: `v${one.number}` }))} value={String(version.number)} allowDeselect={false} onChange={(value) => setNumber(Number(value))} />
          <div>
            <Text size="sm" fw={500} mb={3}>For</Text>
            <SegmentedControl aria-label="Platform" value={platform} onChange={setWanted} data={platforms.map((value) => ({ value, label: LABELS[value] ?? value }))} />
          </div>
        </Group>
        <DownloadButton key={`${version.number} ${platform}`} url={bundleUrl(address, version.number, platform)} label="Download the bundle" />
      </Section>
      <Steps address={address} number={version.number} platform={platform} />
    </Stack>
  );
}

const LABELS: Record<string, string> = { "linux/amd64": "Intel and AMD (amd64)", "linux/arm64": "ARM (arm64)" };

function Steps({ address, number, platform }: { address: Address; number: number; platform: string }) {
  const { data, error, refetch } = useQuery(checksumQuery(address, number, platform));
  if (error) return <ProblemAlert error={error} title="The steps could not be shown" onRetry={() => void refetch()} />;
  const file = data?.fileName ?? `${address.name}-v${number}-${platform.split("/").pop()}.tar`;
  const run = [`tar xf ${file} README.md compose.yaml LICENSE CARD.md`, `docker load -i ${file}`, "docker compose up -d"].join("\n");
  const check = data ? `echo "${data.line}" | sha256sum -c` : "";
  return (
    <>
      <Section title="Check it">
        {data ? (
          <>
            <Text size="sm">SHA-256 <span className="mono" style={{ overflowWrap: "anywhere" }}>{data.digest}</span> <CopyButton value={data.digest} label="Copy the checksum" /></Text>
            <Text size="sm" mt={8} mb={4}>In the folder of the download: <CopyButton value={check} label="Copy the command" /></Text>
            <CodeBlock label="Check the bundle" text={check} />
          </>
        ) : (
          <div aria-busy="true"><Text size="sm" c="dimmed">Computing the checksum; the first time it takes some seconds.</Text><Skeleton height={56} mt={8} /></div>
        )}
      </Section>
      <Section title="Run it">
        <CodeBlock label="Run the bundle" text={run} aside={<CopyButton wide value={run} label="Copy" />} />
        <Text size="sm" mt="sm">Then open <code>http://localhost:8080</code>. The README inside says how without compose, and with Podman.</Text>
      </Section>
    </>
  );
}
