// Package wire is the part of YARN's protobuf schema that Leat speaks: applications, ApplicationMasters, containers.
//
// Names of messages are Leat's own and never travel (storage/hadoop/wire says why); numbers and types of fields are those of
// Hadoop 3. Ids have the text form that YARN's tools print: Text of an id, and the Parse functions.
package wire

//go:generate protoc -I ../../.. --go_out=../../.. --go_opt=paths=source_relative resourcemanager/yarn/wire/records.proto resourcemanager/yarn/wire/client.proto resourcemanager/yarn/wire/scheduler.proto resourcemanager/yarn/wire/container.proto
