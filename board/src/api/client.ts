/** The service's API, typed by its OpenAPI document. */

import createClient from "openapi-fetch";
import { text } from "../text";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Pad = Schemas["Pad"];
export type ListedPad = Schemas["FoundPad"];
export type Usage = Schemas["Usage"];
export type Backup = Schemas["ListedBackup"];
export type User = Schemas["User"];
export type Token = Schemas["Token"];
export type TrashedPad = Schemas["TrashedPad"];
export type Link = Schemas["Link"];
export type SharedPad = Schemas["SharedPad"];
export type BroughtIn = Schemas["BroughtIn"];

/** A drawing's element, as far as keeping it is concerned. */
export interface SceneElement {
  id: string;
  version?: number;
  versionNonce?: number;
  index?: string | null;
  isDeleted?: boolean;
  [member: string]: unknown;
}

export interface Scene {
  elements: SceneElement[];
  appState: Record<string, unknown>;
  files: Record<string, unknown>;
  [member: string]: unknown;
}

/** A request that failed; `status` is 0 where nothing answered. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code = "",
    readonly retryAfter = 0,
    /** How much there may be, where there would be more. */
    readonly limit = 0,
  ) {
    super(message);
  }
}

const SECONDS = 120;

/** fetch with an end: a connection that hangs must not hold up the saving of a drawing. */
async function send(request: Request): Promise<Response> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(SECONDS * 1000)]);
  try {
    return await fetch(request, { signal });
  } catch {
    throw new ApiError(0, text.noAnswer);
  }
}

export const api = createClient<paths>({ fetch: send });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The content of a good answer; any other is thrown as an ApiError. */
export async function ok<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await request;
  if (response.ok) return data as T;
  throw errorOf(response, error);
}

export function errorOf(response: Response, error: unknown): ApiError {
  const problem = (typeof error === "object" && error ? error : {}) as { detail?: string; title?: string; code?: string; limit?: number };
  return new ApiError(
    response.status,
    problem.detail || problem.title || text.status(response.status),
    problem.code,
    Number(response.headers.get("Retry-After")) || 0,
    problem.limit,
  );
}

/** A pad's scene with every part that a drawing has; other clients may have left some out. */
export function sceneOf(data: unknown): Scene {
  const scene = data as Partial<Scene>;
  const elements = Array.isArray(scene.elements) ? scene.elements : [];
  return {
    ...scene,
    elements: elements.filter((element) => typeof element?.id === "string"),
    appState: scene.appState ?? {},
    files: scene.files ?? {},
  };
}

export const etagOf = (version: number): string => `"${version}"`;

/** A pad, with the addresses of its pictures; null if its version is `known`. */
export async function getPad(padId: string, known?: number): Promise<Pad | null> {
  const headers = known === undefined ? {} : { "If-None-Match": etagOf(known) };
  const params = { path: { pad_id: padId }, query: { pictures: false } };
  const answer = await api.GET("/api/pad/{pad_id}", { params, headers });
  if (answer.response.status === 304) return null;
  return ok(Promise.resolve(answer));
}

export const createPad = (name: string, data: Scene): Promise<Pad> =>
  ok(api.POST("/api/pad", { body: { display_name: name, data } }));

export const renamePad = (padId: string, name: string): Promise<unknown> =>
  ok(api.PATCH("/api/pad/{pad_id}", { params: { path: { pad_id: padId } }, body: { display_name: name } }));

/** Whoever is signed in, or null. */
export async function getUser(): Promise<User | null> {
  const answer = await api.GET("/api/users/me");
  return answer.response.status === 401 ? null : ok(Promise.resolve(answer));
}

/** Take a pad out of the trash. */
export const restorePad = (padId: string): Promise<Pad> =>
  ok(api.POST("/api/pad/trash/{pad_id}/restore", { params: { path: { pad_id: padId } } }));
