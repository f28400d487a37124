// Package datagen is the connector that makes rows up: sequences and random values, with the options of Flink's connector datagen.
//
// What a row holds depends on its number, the name of the column and the options alone, so a table gives the same rows each time, at any
// parallelism and after a failure; only timestamps count back from Options.Now. A table is bounded by number-of-rows or by
// its shortest sequence. Without rows-per-second it is as fast as it can be.
//
// Start reading at table.go, then field.go.
package datagen
