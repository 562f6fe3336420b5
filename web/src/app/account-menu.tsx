import { Menu, Text, useMantineColorScheme } from "@mantine/core";
import { IconChartBar, IconDatabase, IconFlask, IconLayoutDashboard, IconLogout, IconPlayerPlay, IconPlus, IconSettings, IconShield, IconTransform, IconUserPlus, IconUsersGroup } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useRouter } from "@tanstack/react-router";

import type { Account } from "@/client/types";
import { signOut } from "@/features/accounts/api/session";
import { forgetServeTokens } from "@/features/serving/api/predict";
import { notifyProblem } from "@/ui/notify";

import { AccountButton } from "./account-button";

export type MenuProps = { account: Account | null; mayCreate: boolean };

/** Who is signed in, where they can go, and how light the page is. */
export default function AccountMenu({ account, mayCreate }: MenuProps) {
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
    <Menu defaultOpened position="bottom-end" width={220} withinPortal={false} withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <AccountButton account={account} />
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
      <Menu.Item component={Link} to="/settings">
        <Text size="sm" fw={600}>{account.display_name || account.username}</Text>
        <Text size="xs" c="dimmed">{account.username} · {account.role}</Text>
      </Menu.Item>
      <Menu.Divider />
      <Menu.Item leftSection={<IconLayoutDashboard size={16} />} component={Link} to="/dashboard">Dashboard</Menu.Item>
      <Menu.Item leftSection={<IconPlayerPlay size={16} />} component={Link} to="/runs">Runs</Menu.Item>
      <Menu.Item leftSection={<IconFlask size={16} />} component={Link} to="/experiments">Experiments</Menu.Item>
      {mayCreate && <Menu.Item leftSection={<IconPlus size={16} />} component={Link} to="/new">New model</Menu.Item>}
      {mayCreate && <Menu.Item leftSection={<IconDatabase size={16} />} component={Link} to="/new/dataset">New dataset</Menu.Item>}
      {mayCreate && <Menu.Item leftSection={<IconTransform size={16} />} component={Link} to="/new/operation">New operation</Menu.Item>}
      <Menu.Item leftSection={<IconChartBar size={16} />} component={Link} to="/usage">Usage</Menu.Item>
      <Menu.Item leftSection={<IconUsersGroup size={16} />} component={Link} to="/organisations">Organisations</Menu.Item>
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
    <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as typeof colorScheme)}>
      <Menu.RadioItem value="light">Light</Menu.RadioItem>
      <Menu.RadioItem value="dark">Dark</Menu.RadioItem>
      <Menu.RadioItem value="auto">As the system</Menu.RadioItem>
    </Menu.RadioGroup>
  );
}
