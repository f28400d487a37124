// Package catalog keeps what statements name: catalogs, databases in them, tables and views in those.
//
// A Catalog is one store behind a small interface: Memory, with which a session begins (default_catalog with default_database), and
// File, a directory of any file system. A Manager is a session's view of several: the current catalog and database, temporary objects, which hide
// stored ones, and how a name of one, two or three parts is looked up. Objects are plain data: expressions and queries are kept as
// SQL text, and bound each time that they are read.
//
// Errors are those of this package wrapped with the name: ErrNotFound, ErrExists, ErrNotEmpty.
//
// A Manager and all catalogs may be used by many goroutines.
//
// Start reading at object.go, then manager.go.
package catalog
