import Markdown from "react-markdown";
import remarkGfm from "remark-gfm";

/** Markdown that strangers wrote: no raw HTML, no images from elsewhere, links that tell nothing of this page. */
export default function Prose({ text }: { text: string }) {
  return (
    <div className="prose">
      <Markdown
        remarkPlugins={[remarkGfm]}
        components={{
          a: ({ href, children }) => <a href={href} rel="noreferrer nofollow ugc">{children}</a>,
          img: ({ alt }) => <span className="quiet">[{alt || "image"}]</span>,
          h1: ({ children }) => <h3>{children}</h3>,
          h2: ({ children }) => <h4>{children}</h4>,
        }}
      >
        {text}
      </Markdown>
    </div>
  );
}
