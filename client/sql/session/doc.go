// Package session executes statements: one after the other, with what they leave behind (tables, settings, the current database).
//
//	text -> Substitute ({{name}}) -> parser -> Session.Execute -> catalogs, or a job on client/datastream, whose rows a result.Writer prints
//
// A mistake in a statement is a *Mistake; everything else that goes wrong is the failure of a job. Messages go to Output.Message, never
// among the rows.
//
// Workers of a cluster run the same statements again up to the job that is theirs. What could differ there (the time, sizes of
// files, what a file looks like) goes through datastream.Once.
//
// Start reading at session.go, then query.go; script.go runs scripts.
package session
