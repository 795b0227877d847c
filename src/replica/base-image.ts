/** The image that those of a replica begin with, where nobody names another: the programs are of Debian 12. Not the images: `docker` has them. */
export const BASE_DEFAULT = 'debian:bookworm-slim'
