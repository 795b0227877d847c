/** The stories of `stories/always-on.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { alwaysOn } from './stories/always-on.ts'

scenarios(alwaysOn)
