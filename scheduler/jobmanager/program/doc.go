// Package program looks at a user's binary before anybody runs it: what it was built for, and whether it is a Leat program.
package program
