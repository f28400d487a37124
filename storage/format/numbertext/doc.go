// Package numbertext reads numbers from text in place, faster than strconv where a number is short and plain, and as strconv otherwise.
//
// Start reading at Digits.
package numbertext
