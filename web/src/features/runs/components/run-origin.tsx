import { Table, Text } from "@mantine/core";

import type { Run } from "@/client/types";
import { formatBytes, formatSeconds, shortDigest } from "@/lib/format";
import { compactJson } from "@/lib/json";
import { CopyButton } from "@/ui/copy-button";
import { TextLink } from "@/ui/links";
import { Section } from "@/ui/section";

/** All that a run's outputs depend on: the version, its image, the inputs and the parameters. */
export function RunOrigin({ run, children }: { run: Run; children?: React.ReactNode }) {
  const [owner = "", name = ""] = run.repository.split("/");
  const parameters = Object.entries(run.parameters ?? {});
  return (
    <Section title="Where it comes from" aside={children}>
      <Table variant="vertical" layout="auto" aria-label="Where it comes from" withRowBorders={false} verticalSpacing={4} style={{ tableLayout: "fixed" }}>
        <Table.Tbody>
          <Fact name="Version">
            {run.repository_id ? <TextLink to="/$owner/$name/versions/$number" params={{ owner, name, number: String(run.version) }} inherit>{run.repository}@v{run.version}</TextLink> : <>{run.repository}@v{run.version}, which was deleted</>}
          </Fact>
          <Fact name="Image"><Digest digest={run.image_digest} what="the image's digest" /></Fact>
          {run.reproduces && <Fact name="Does again"><TextLink to="/runs/$id" params={{ id: run.reproduces }} inherit>the run {run.reproduces.slice(0, 8)}</TextLink></Fact>}
          {(run.inputs ?? []).map((input) => (
            <Fact key={input.name} name={input.name}>
              <span style={{ overflowWrap: "anywhere" }}>{input.source}</span>
              <Text size="sm" c="dimmed" component="div">{input.count === 1 ? "1 file" : `${input.count} files`}, {formatBytes(input.size)} · <Digest digest={input.digest} what={`the digest of ${input.name}`} /></Text>
            </Fact>
          ))}
          {parameters.map(([parameter, value]) => <Fact key={parameter} name={parameter}><span className="mono" style={{ overflowWrap: "anywhere" }}>{typeof value === "string" ? value : compactJson(value)}</span></Fact>)}
          {run.resources && <Fact name="Resources">{run.resources.cpus} cores, {formatBytes(run.resources.memory_bytes ?? 0)} of memory, {formatSeconds(run.resources.timeout_seconds ?? 0)} at most{run.resources.network && ", with a network"}</Fact>}
          {run.runner && <Fact name="Ran on">{run.runner}{run.isolation && `, isolation ${run.isolation}`}</Fact>}
        </Table.Tbody>
      </Table>
    </Section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <Table.Tr><Table.Th w={140} style={{ overflowWrap: "anywhere", background: "none", verticalAlign: "top" }}>{name}</Table.Th><Table.Td>{children}</Table.Td></Table.Tr>;
}

function Digest({ digest, what }: { digest: string; what: string }) {
  return <span><span className="mono">{shortDigest(digest)}</span><CopyButton value={digest} label={`Copy ${what}`} /></span>;
}
