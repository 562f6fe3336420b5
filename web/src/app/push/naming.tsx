import { Radio, SimpleGrid, Stack, TextInput } from "@mantine/core";

import { VISIBILITY_CHOICES } from "@/features/repos/components/visibility";
import { Section } from "@/ui/section";

import { OwnerChoice } from "../owner-choice";
import type { PushDraft } from "./draft";

type Props = {
  /** Whose it is to be, as it is chosen now. */
  owner: string;
  draft: PushDraft;
  change: (change: Partial<PushDraft>) => void;
  errors: Partial<Record<string, string>>;
  example: { name: string; title: string };
};

/** Whose the new repository is, what it is called, and who sees it. */
export function Naming({ owner, draft, change, errors, example }: Props) {
  const rename = (name: string) => change({ name: name.toLowerCase().replace(/\s+/g, "-"), made: false });
  return (
    <Section title="Repository">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
        <Stack gap="sm">
          <OwnerChoice value={owner} onChange={(next) => change({ owner: next, made: false })} error={errors.owner} />
          <TextInput label="Name" placeholder={example.name} required description={`${owner}/${draft.name || "…"}`} inputWrapperOrder={["label", "input", "description", "error"]} value={draft.name} onChange={(e) => rename(e.currentTarget.value)} error={errors.name} />
          <TextInput label="Title" placeholder={example.title} value={draft.title} onChange={(e) => change({ title: e.currentTarget.value })} error={errors.title} />
        </Stack>
        <Radio.Group label="Who may see and use it" value={draft.visibility} onChange={(visibility) => change({ visibility: visibility })} error={errors.visibility}>
          <Stack gap={6} mt={6}>
            {VISIBILITY_CHOICES.map(({ value, label, meaning }) => <Radio key={value} value={value} label={label} description={meaning} />)}
          </Stack>
        </Radio.Group>
      </SimpleGrid>
    </Section>
  );
}
