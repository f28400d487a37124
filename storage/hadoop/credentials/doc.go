// Package credentials is Hadoop's tokens and the files that carry them: HADOOP_TOKEN_FILE_LOCATION of a YARN container, and
// the tokens of a container's launch context.
//
// A file is "HDTS", a version, and tokens and secrets by alias: version 0 in Hadoop's Writable encoding, which YARN writes,
// version 1 in protobuf. Both are read and written. Lengths are bounded by what is there, so a damaged file is an error and
// nothing else.
//
// Tokens are looked for by kind and service; a service may be empty, for YARN leaves it so.
package credentials
