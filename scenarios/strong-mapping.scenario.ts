/** The stories of `stories/strong-mapping.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { strongMapping } from './stories/strong-mapping.ts'

scenarios(strongMapping)
