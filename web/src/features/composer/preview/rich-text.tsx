import { Fragment } from "react";
import type { Block } from "@/api/types";
import { DocumentView } from "@/components/document-view";
import classes from "./preview.module.css";
import { splitText } from "./split-text";

/** A part's words with what networks colour: links (those the server found), hashtags, mentions. */
export function RichText({ blocks, links }: { blocks: readonly Block[]; links: string[] }) {
  const coloured = (text: string) =>
    splitText(text, links).map((run) => (
      <Fragment key={run.at}>
        {run.marked ? <span className={classes.marked}>{run.text}</span> : run.text}
      </Fragment>
    ));
  return (
    <div className={classes.text}>
      <DocumentView blocks={blocks} words={coloured} />
    </div>
  );
}
