// Package decimal is exact numbers of up to 38 digits without a big number per value: the unscaled integer of a DECIMAL in 128 bits.
//
// An Int128 does not know its scale; whoever calls gives it, as the types of columns do. Products and numerators of quotients are
// computed in 256 bits and brought back by one rounded division. A result that needs more than 38 digits is reported, not wrapped:
// Flink makes NULL of it.
//
// Rounding is half up, away from zero, as java.math.RoundingMode.HALF_UP. Division is Knuth's algorithm D on 64-bit digits.
package decimal
