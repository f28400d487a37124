// Package datatype is the type system of rows that have a schema: what SQL says about a column, whatever holds its values.
//
// A Type is plain data: a kind, whether NULL is excluded, lengths or digits, and the types inside. Formats and connectors read
// the types of the columns that they decode, the planner infers them for every expression, kernels are chosen by them. The rules
// are Flink's:
//
//   - Common is the type that several values can be read as without loss of meaning (the branches of CASE, the columns of UNION,
//     the two sides of a comparison).
//   - CanCastImplicitly says what an argument may be turned into silently, CanCast what CAST accepts, and Fallible whether a value
//     can make it fail (TRY_CAST then gives NULL, so that its result is nullable).
//   - Add, Multiply, Divide, Modulo, Round, Sum and Average are the types of arithmetic; those of DECIMAL keep 38 digits and give up
//     digits of the fraction, but no more than down to six, before digits of the integer part.
//
// String prints a type as Flink does: INT NOT NULL, ROW<`a` ARRAY<STRING>>; the SQL parser reads what it prints.
//
// In memory: TINYINT to BIGINT, FLOAT, DOUBLE and BOOLEAN are Go's types of that width; DATE is int32 days since 1970-01-01, TIME
// int32 milliseconds of the day, TIMESTAMP and TIMESTAMP_LTZ int64 milliseconds since 1970-01-01 with int32 nanoseconds within
// where precision is beyond 3; INTERVAL YEAR TO MONTH is int32 months, DAY TO SECOND int64 milliseconds; DECIMAL is int64 up to 18
// digits and 128 bits beyond, unscaled; CHAR and VARCHAR are UTF-8, their lengths are characters; BINARY and VARBINARY are bytes.
//
// Start reading at type.go, then common.go.
package datatype
