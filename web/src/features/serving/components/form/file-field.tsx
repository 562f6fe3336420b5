import { Button, Group, Text } from "@mantine/core";
import { IconFile, IconPhoto, IconX } from "@tabler/icons-react";
import type { FieldProps } from "@rjsf/utils";
import { type ClipboardEvent, useRef, useState } from "react";

import { base64Of, imageUrl } from "@/lib/base64";
import { formatBytes } from "@/lib/format";
import { notifyProblem } from "@/ui/notify";

import { FieldFrame, type RunFormContext } from "./field-frame";
import classes from "./file-field.module.css";

export const ImageField = (field: FieldProps) => <BytesField field={field} image />;
export const FileField = (field: FieldProps) => <BytesField field={field} />;

/** The bytes of a file: dropped, pasted, chosen, or taken with the camera. */
function BytesField({ field, image }: { field: FieldProps; image?: boolean }) {
  const { onChange, fieldPathId, name, registry } = field;
  const { onFile } = registry.formContext as RunFormContext;
  const [over, setOver] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const formData: unknown = field.formData;
  const value = typeof formData === "string" ? formData : "";
  const take = async (file: File | null | undefined) => {
    if (!file) return;
    onChange(await base64Of(file), fieldPathId.path);
    setChosen(file.name);
    onFile(name, file.name);
  };
  const receive = (file: File | null | undefined) => void take(file).catch(notifyProblem);
  const paste = (event: ClipboardEvent) => {
    const file = event.clipboardData.files[0];
    if (!file) return;
    event.preventDefault();
    receive(file);
  };
  const clear = () => {
    onChange(undefined, fieldPathId.path);
    setChosen(null);
    onFile(name, null);
  };
  const preview = image ? imageUrl(value) : null;
  return (
    <FieldFrame field={field} labelFor={`${fieldPathId.$id}-file`}>
      <div
        className={classes.zone}
        data-over={over || undefined}
        onDragOver={(event) => { event.preventDefault(); setOver(true); }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => { event.preventDefault(); setOver(false); receive(event.dataTransfer.files[0]); }}
        onPaste={paste}
      >
        {preview ? <img src={preview} alt="Chosen input" className={classes.preview} /> : image ? <IconPhoto size={30} stroke={1.2} aria-hidden /> : <IconFile size={30} stroke={1.2} aria-hidden />}
        <input ref={input} id={`${fieldPathId.$id}-file`} type="file" accept={image ? "image/*" : undefined} className={classes.input} onChange={(event) => { receive(event.currentTarget.files?.[0]); event.currentTarget.value = ""; }} />
        <Text size="sm" role="status">{value ? `${chosen ?? "Given"} · ${formatBytes(Math.floor((value.length * 3) / 4))}` : image ? "Drop or paste an image, or choose one" : "Drop a file, or choose one"}</Text>
      </div>
      {value && (
        <Group mt={6}>
          <Button size="compact-xs" variant="default" leftSection={<IconX size={12} />} onClick={clear}>Remove</Button>
        </Group>
      )}
    </FieldFrame>
  );
}
