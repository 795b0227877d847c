/**
 * The smallest pieces of the shape of a topology, which all of it is made of.
 * Not the shape: that is `schema.ts`.
 */
import { z } from 'zod'

/** A key may be absent. `undefined` counts as absent, as it does in JavaScript that builds its objects. */
export const opt = <S extends z.ZodType>(schema: S): z.ZodExactOptional<S> =>
  z.optional(schema) as unknown as z.ZodExactOptional<S>

export const text = z.string()
export const texts = z.array(z.string())
export const flag = z.boolean()
