import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";

type LinkProps<Styled> = Styled & Omit<ComponentPropsWithRef<"a">, keyof Styled>;

const ButtonAnchor = (props: LinkProps<ButtonProps>) => <Button component="a" {...props} />;
const TextAnchor = (props: LinkProps<AnchorProps>) => <Anchor {...props} />;

/** Links of this site that look like a button or like text; their targets are typed. */
export const LinkButton = createLink(ButtonAnchor);
export const TextLink = createLink(TextAnchor);
