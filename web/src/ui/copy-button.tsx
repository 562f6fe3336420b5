import { ActionIcon, Button, CopyButton as Copy, Tooltip, VisuallyHidden } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

type Props = { value: string; label: string; wide?: boolean };

/** Copies `value`; says "Copied" to eyes and to screen readers. */
export function CopyButton({ value, label, wide }: Props) {
  return (
    <Copy value={value} timeout={1800}>
      {({ copied, copy }) => (
        <>
          {wide ? (
            <Button size="xs" variant="default" onClick={copy} leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}>
              {copied ? "Copied" : label}
            </Button>
          ) : (
            <Tooltip label={copied ? "Copied" : label}>
              <ActionIcon variant="subtle" color="gray" size={22} style={{ verticalAlign: "-6px" }} aria-label={label} onClick={copy}>
                {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
              </ActionIcon>
            </Tooltip>
          )}
          <VisuallyHidden role="status">{copied ? "Copied" : ""}</VisuallyHidden>
        </>
      )}
    </Copy>
  );
}
