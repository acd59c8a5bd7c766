// How the page asks its workers: which services there are, and the messages between the two sides.
import type * as services from './services.js';

/** What a worker does for the page, by name: each takes and gives what can be cloned between threads. */
export type Services = {
  [Name in keyof typeof services.services]: Awaited<ReturnType<(typeof services.services)[Name]>>;
};

export type ServiceName = keyof Services;

export type Asked<Name extends ServiceName> = Parameters<Services[Name]>;
export type Answer<Name extends ServiceName> = Awaited<ReturnType<Services[Name]>>;

export interface Question {
  readonly id: number;
  readonly name: ServiceName;
  readonly asked: readonly unknown[];
}

export type Reply =
  | { readonly id: number; readonly kind: 'answer'; readonly answer: unknown }
  | { readonly id: number; readonly kind: 'failure'; readonly message: string };
