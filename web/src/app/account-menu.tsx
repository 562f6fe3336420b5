import { ActionIcon, Avatar, Menu, SegmentedControl, Text, useMantineColorScheme } from "@mantine/core";
import { IconLayoutDashboard, IconLogout, IconMenu2, IconPlus, IconSettings, IconShield, IconUserPlus } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";

import type { Account } from "@/client/types";
import { signOut } from "@/features/accounts/api/session";
import { forgetServeTokens } from "@/features/serving/api/predict";
import { notifyProblem } from "@/ui/notify";

type Props = { account: Account | null; mayCreate: boolean };

/** Who is signed in, where they can go, and how light the page is. */
export function AccountMenu({ account, mayCreate }: Props) {
  const router = useRouter();
  const queries = useQueryClient();
  const leave = async () => {
    await signOut();
    forgetServeTokens();
    await router.navigate({ to: "/" });
    await queries.resetQueries();
    await router.invalidate();
  };
  return (
    <Menu position="bottom-end" width={220} withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" radius="xl" aria-label={account ? `Account ${account.username}` : "Menu"}>
          {account ? <Avatar size={30} radius="xl" color="pine" variant="filled" aria-hidden>{account.username.slice(0, 2).toUpperCase()}</Avatar> : <IconMenu2 size={20} />}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {account && <Signed account={account} mayCreate={mayCreate} />}
        <Scheme />
        <Menu.Divider />
        {account ? (
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void leave().catch(notifyProblem)}>Sign out</Menu.Item>
        ) : (
          <Menu.Item leftSection={<IconUserPlus size={16} />} component={Link} to="/sign-in">Sign in</Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function Signed({ account, mayCreate }: { account: Account; mayCreate: boolean }) {
  return (
    <>
      <Menu.Label>
        <Text size="sm" fw={600} c="var(--mantine-color-text)">{account.display_name || account.username}</Text>
        <Text size="xs">{account.username} · {account.role}</Text>
      </Menu.Label>
      <Menu.Item leftSection={<IconLayoutDashboard size={16} />} component={Link} to="/dashboard">Dashboard</Menu.Item>
      {mayCreate && <Menu.Item leftSection={<IconPlus size={16} />} component={Link} to="/new">New model</Menu.Item>}
      <Menu.Item leftSection={<IconSettings size={16} />} component={Link} to="/settings">Settings</Menu.Item>
      {account.role === "administrator" && (
        <Menu.Item leftSection={<IconShield size={16} />} component={Link} to="/admin">Administration</Menu.Item>
      )}
      <Menu.Divider />
    </>
  );
}

function Scheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div style={{ padding: "4px 8px 6px" }}>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Colours"
        value={colorScheme}
        onChange={(value) => setColorScheme(value)}
        data={[{ value: "light", label: "Light" }, { value: "dark", label: "Dark" }, { value: "auto", label: "System" }]}
      />
    </div>
  );
}
