/** The stories of `stories/relying-parties.ts`, each a test. */
import { scenarios } from 'sallyport/scenario'
import { relyingParties } from './stories/relying-parties.ts'

scenarios(relyingParties)
