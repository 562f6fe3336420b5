import { Button, Group, Modal, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";

import { signInsQuery } from "@/features/images/api/sign-ins";
import { SignInForm } from "@/features/images/components/sign-in-form";
import { registryOf } from "@/lib/registry-of";

type Props = {
  image: string;
  onChange: (image: string) => void;
  error: string | undefined;
  /** The registry wants to know who asks, or does not believe it. */
  isSignInRefused: boolean;
};

/** An image that another registry has, and how one signs in there. */
export function ImageSource({ image, onChange, error, isSignInRefused }: Props) {
  const registry = registryOf(image);
  return (
    <Stack gap="xs">
      <TextInput label="Image" placeholder="ghcr.io/team/tool:1.2" description="As you would write it after docker pull. It comes as it is, with all platforms." required maxLength={1000} autoCapitalize="off" spellCheck={false} classNames={{ input: "mono" }} value={image} onChange={(e) => onChange(e.currentTarget.value)} error={error} />
      {registry && <SignInChoice key={registry} registry={registry} isRefused={isSignInRefused} />}
      <Text size="sm" c="dimmed">Its labels or <code>/modelyard/schema.json</code> inside become the form that others run it with; without any, it runs as it is.</Text>
    </Stack>
  );
}

/** As whom the registry is asked, and a way to change that without leaving the form. */
function SignInChoice({ registry, isRefused }: { registry: string; isRefused: boolean }) {
  const [opened, { open, close }] = useDisclosure(false);
  const { data: signIns } = useQuery(signInsQuery);
  const known = signIns?.find((one) => one.registry === registry);
  if (!signIns) return null;
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed" role="status" style={{ overflowWrap: "anywhere" }}>{known ? `You sign in to ${registry} as ${known.username}.` : `${registry} is asked without a sign-in.`}</Text>
      <Button size="compact-sm" variant={isRefused ? "filled" : "default"} onClick={open}>{known ? "Change sign-in" : "Add a sign-in"}</Button>
      <Modal opened={opened} onClose={close} withCloseButton={false} centered attributes={{ content: { "aria-label": `Sign in to ${registry}` } }}>
        <Stack>
          <Title order={2} size="h2" style={{ overflowWrap: "anywhere" }}>Sign in to {registry}</Title>
          <Text size="sm">Kept encrypted, and never shown again. Your settings list all of them.</Text>
          <SignInForm registry={registry} onSaved={close} />
        </Stack>
      </Modal>
    </Group>
  );
}
