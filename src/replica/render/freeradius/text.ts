/**
 * The text of FreeRADIUS's configuration: blocks with one item a line, and words that nothing in them can break out of.
 * Not what it says: the other files here know that.
 */

export type Lines = readonly string[]

/** `head { … }` with its items indented, each on a line of its own: FreeRADIUS wants it so. */
export const block = (head: string, ...items: readonly (string | Lines)[]): Lines => [
  `${head} {`,
  ...items.flat().map((line) => `\t${line}`),
  '}',
]

/** Text in single quotes, which FreeRADIUS expands nothing in. Control characters, which no name here may have, become spaces. */
export const word = (text: string): string =>
  `'${text.replace(/\p{Cc}/gu, ' ').replace(/['\\]/g, '\\$&')}'`

/** Whether {@link value} can write the text: a setting with both an apostrophe and a backslash cannot be. */
export const isWritable = (text: string): boolean =>
  !/\p{Cc}/u.test(text) && !(text.includes("'") && text.includes('\\')) && !text.endsWith('\\')

/**
 * Text as the value of a setting. Single quotes know no escapes there, double ones that of a double quote only, as 3.2.1 was seen to
 * read them.
 */
export const value = (text: string): string =>
  text.includes("'") ? `"${text.replaceAll('"', '\\"')}"` : `'${text}'`

/** A name for a module, a policy or a server, told apart by its place: two names of people may become one otherwise. */
export const identifier = (prefix: string, place: number): string => `${prefix}_${place + 1}`

/** A comment that says how people call it. */
export const remark = (text: string): string => `# ${text.replace(/\p{Cc}/gu, ' ')}`

/** Conditions of which any will do. None: it never holds. */
export const any = (conditions: Lines): string =>
  conditions.length === 0 ? '(0 == 1)' : `(${conditions.join(' || ')})`

/** Conditions that must all hold. None: it always holds. */
export const all = (conditions: Lines): string =>
  conditions.length === 0 ? '(1 == 1)' : `(${conditions.join(' && ')})`
