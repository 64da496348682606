import { Fragment } from "react";
import classes from "./preview.module.css";
import { splitText } from "./split-text";

/** A part's text with what networks colour: links (those the server found), hashtags, mentions. */
export function RichText({ text, links }: { text: string; links: string[] }) {
  return (
    <p className={classes.text} dir="auto">
      {splitText(text, links).map((run) => (
        <Fragment key={run.at}>
          {run.marked ? <span className={classes.marked}>{run.text}</span> : run.text}
        </Fragment>
      ))}
    </p>
  );
}
