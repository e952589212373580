/** All queries about imports; one change of theirs reads them anew. */
export const importsKey = ['imports'];
