import hljs from "highlight.js/lib/core";
import { useEffect, useState } from "react";

import { CodeBlock } from "./code-block";
import "./highlighted.css";

const LANGUAGES: Record<string, () => Promise<{ default: Parameters<typeof hljs.registerLanguage>[1] }>> = {
  python: () => import("highlight.js/lib/languages/python"),
  json: () => import("highlight.js/lib/languages/json"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
  ini: () => import("highlight.js/lib/languages/ini"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  bash: () => import("highlight.js/lib/languages/bash"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  css: () => import("highlight.js/lib/languages/css"),
  sql: () => import("highlight.js/lib/languages/sql"),
  r: () => import("highlight.js/lib/languages/r"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
};
/** Longer texts stay plain: colouring them would hold the page up. */
const LIMIT = 200_000;

/** A text with numbered lines, coloured by its language; it is plain until the colours are there. */
export default function Highlighted({ label, text, language }: { label: string; text: string; language: string | undefined }) {
  const [coloured, setColoured] = useState<{ of: string; html: string } | null>(null);
  useEffect(() => {
    const load = language && text.length <= LIMIT ? LANGUAGES[language] : undefined;
    let wanted = true;
    void load?.().then(({ default: grammar }) => {
      if (!wanted || !language) return;
      hljs.registerLanguage(language, grammar);
      setColoured({ of: text, html: hljs.highlight(text, { language, ignoreIllegals: true }).value });
    });
    return () => {
      wanted = false;
    };
  }, [text, language]);
  const html = coloured?.of === text ? coloured.html : null;
  return <CodeBlock label={label} text={text} html={html} numbered flush />;
}
