// The names the rest of the UI uses for the server's shapes, so that only this file follows the generated one.
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Server = Schemas["Server"];
export type Me = Schemas["Me"];
export type User = Schemas["User"];
export type Workspace = Schemas["Workspace"];
export type Session = Schemas["Session"];
export type ApiKey = Schemas["ApiKey"];
export type Network = Schemas["Network"];
export type Way = Schemas["Way"];
export type Field = Schemas["Field"];
export type PreflightCheck = Schemas["Check"];
export type Channel = Schemas["Channel"];
export type ChannelState = Schemas["ChannelState"];
export type AttemptView = Schemas["AttemptView"];
export type AttemptState = Schemas["AttemptState"];
export type Invite = Schemas["Invite"];
export type Invitation = Schemas["Invitation"];
export type Scope = Schemas["Scope"];
export type Diagnosis = Schemas["Diagnosis"];
export type Media = Schemas["Media"];
export type PartInput = Schemas["PartInput"];
export type VariantInput = Schemas["VariantInput"];
export type PostInput = Schemas["PostInput"];
export type Finding = Schemas["Finding"];
export type PartCheck = Schemas["PartCheck"];
export type ChannelCheck = Schemas["ChannelCheck"];
export type PostCheck = Schemas["PostCheck"];
export type CountUnit = Schemas["Unit"];
export type PublicationState = Schemas["PublicationState"];
export type PostSummary = Schemas["PostSummary"];
export type Post = Schemas["Post"];
export type Publication = Schemas["Publication"];
export type ProblemBody = Schemas["Problem"];
