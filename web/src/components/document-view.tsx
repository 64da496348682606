import { Fragment, type ReactNode } from "react";
import type { Block, Inline, Mark } from "@/api/types";
import classes from "./document-view.module.css";

interface Props {
  blocks: readonly Block[];
  /** How a run of words is shown; as they are where it is left out. */
  words?: (text: string) => ReactNode;
}

const asTheyAre = (text: string): ReactNode => text;

/** What somebody wrote, with its formatting. Links are shown and not followed: they are the post's, not the page's. */
export function DocumentView({ blocks, words = asTheyAre }: Props) {
  return (
    <div className={classes.document} dir="auto">
      {blocks.map((block, index) => (
        <Shown key={index} block={block} words={words} />
      ))}
    </div>
  );
}

function Shown({ block, words }: { block: Block; words: (text: string) => ReactNode }) {
  const line = (content: readonly Inline[]) =>
    content.map((inline, index) => <Fragment key={index}>{run(inline, words)}</Fragment>);
  switch (block.type) {
    case "paragraph":
      return <p>{line(block.content)}</p>;
    case "heading":
      // Of the post, and no part of the page's own outline.
      return (
        <p className={classes.heading} data-level={Math.min(block.level, 4)}>
          {line(block.content)}
        </p>
      );
    case "quote":
      return <blockquote>{line(block.content)}</blockquote>;
    case "code":
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List>
          {block.items.map((item, index) => (
            <li key={index}>{line(item)}</li>
          ))}
        </List>
      );
    }
  }
}

function run(inline: Inline, words: (text: string) => ReactNode): ReactNode {
  switch (inline.type) {
    case "break":
      return <br />;
    case "mention":
      return <span className={classes.link}>@{inline.handle}</span>;
    case "link":
      return (
        <span className={classes.link} title={inline.href}>
          {inline.text}
        </span>
      );
    case "text":
      return (inline.marks ?? []).reduceRight<ReactNode>(
        (inner, mark) => marked(mark, inner),
        words(inline.text),
      );
  }
}

function marked(mark: Mark, inner: ReactNode): ReactNode {
  switch (mark) {
    case "bold":
      return <strong>{inner}</strong>;
    case "italic":
      return <em>{inner}</em>;
    case "underline":
      return <u>{inner}</u>;
    case "strike":
      return <s>{inner}</s>;
    case "code":
      return <code>{inner}</code>;
  }
}
