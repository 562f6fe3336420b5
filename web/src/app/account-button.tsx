import { ActionIcon, type ActionIconProps } from "@mantine/core";
import { IconMenu2 } from "@tabler/icons-react";
import { type ComponentPropsWithRef, lazy, Suspense, useState } from "react";

import type { MenuProps } from "./account-menu";

const load = () => import("./account-menu");
const AccountMenu = lazy(load);

type Props = ActionIconProps & Omit<ComponentPropsWithRef<"button">, keyof ActionIconProps> & Pick<MenuProps, "account">;

/** Who is signed in, by their initials. */
export function AccountButton({ account, ...button }: Props) {
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" radius="xl" aria-haspopup="menu" aria-label={account ? `Account ${account.username}` : "Menu"} {...button}>
      {account ? <span className="avatar" aria-hidden>{account.username.slice(0, 2).toUpperCase()}</span> : <IconMenu2 size={20} />}
    </ActionIcon>
  );
}

/** The menu comes when it is first wanted; the button that it replaces looks the same. */
export function LateAccountMenu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const button = <AccountButton account={props.account} aria-expanded={false} onPointerEnter={() => void load()} onFocus={() => void load()} onClick={() => setWanted(true)} />;
  return wanted ? <Suspense fallback={button}><AccountMenu {...props} /></Suspense> : button;
}
