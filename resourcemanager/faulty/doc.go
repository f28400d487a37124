// Package faulty is a Provider that injects faults into another one: calls that fail, workers that are lost.
package faulty
