import {
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ComponentPropsWithRef } from "react";

/* The library's button and anchor as links of the router: `to`, `params` and `search` are checked by type. */

type Native = Omit<ComponentPropsWithRef<"a">, "color" | "style">;

export const ButtonLink = createLink(function ButtonLink(props: ButtonProps & Native) {
  return <Button component="a" {...props} />;
});

export const AnchorLink = createLink(function AnchorLink(props: AnchorProps & Native) {
  return <Anchor {...props} />;
});

export const NavLinkTo = createLink(function NavLinkTo(props: NavLinkProps & Native) {
  return <NavLink component="a" {...props} />;
});
