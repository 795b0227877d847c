/**
 * The text of strongSwan's configuration files (strongswan.conf(5)): sections, and values that nothing in them can break out of.
 * Not what they say: the other files here know that.
 */

export type Lines = readonly string[]

/** `head { … }` with its items indented. Heads are ours, never a word of a topology. */
export const section = (head: string, ...items: readonly (string | Lines)[]): Lines => [
  `${head} {`,
  ...items.flat().map((line) => `  ${line}`),
  '}',
]

/** `key = "value"`. */
export const setting = (key: string, value: string | number): string =>
  `${key} = ${typeof value === 'number' ? value : quoted(value)}`

/** What stands in a file beside this one, at this place. The name is ours. */
export const include = (file: string): string => `include ${file}`

/** Left out where there is nothing to say. */
export const settingIf = (key: string, value: string | number | undefined): Lines =>
  value === undefined ? [] : [setting(key, value)]

/** In double quotes, where a backslash escapes. Control characters, which no name here may have, become spaces. */
const quoted = (text: string): string =>
  `"${text.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&')}"`

/** Whether {@link setting} says the text as it is. */
export const isWritable = (text: string): boolean => !/\p{Cc}/u.test(text)
