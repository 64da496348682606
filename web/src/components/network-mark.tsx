import { lazy, Suspense } from "react";
import classes from "./network-mark.module.css";

// Each network brings a glyph, and the first page should not wait for all of them.
const NetworkGlyph = lazy(() => import("./network-glyph"));

/** White on `#rrggbb` where a sign can be told from it (3 : 1, relative luminance of WCAG 2), else black. */
export function inkOn(color: string): "#000" | "#fff" {
  const channel = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
  return 1.05 / (luminance + 0.05) >= 3 ? "#fff" : "#000";
}

export const initial = (name: string) => name.slice(0, 1).toUpperCase();

interface Props {
  id: string;
  name: string;
  color?: string;
  size?: number;
}

/** A network's mark: its colour with its glyph, or its first letter. Decoration beside the name. */
export function NetworkMark({ id, name, color, size = 28 }: Props) {
  const shade = /^#[0-9a-f]{6}$/i.test(color ?? "") ? (color as string) : "#55606a";
  return (
    <span
      className={classes.mark}
      aria-hidden
      style={{ width: size, height: size, background: shade, color: inkOn(shade), fontSize: size * 0.5 }}
    >
      <Suspense fallback={initial(name)}>
        <NetworkGlyph id={id} name={name} size={Math.round(size * 0.64)} />
      </Suspense>
    </span>
  );
}
