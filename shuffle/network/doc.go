// Package network is the pipelined exchange between processes: what a shuffle.Writer sends on one worker comes out of a
// shuffle.Gate on another.
//
// An Exchange is one worker's end of one job. It shares one connection with each other worker; all channels of all edges
// between the two are multiplexed on it, in both directions. A Sender is the near end of a channel and a shuffle.Sender
// like a Channel of a local gate; an Input holds the far ends of one edge into one task and hands what arrives to the
// task's gate.
//
// Promises:
//
//   - Order is kept in each channel; control elements stay where they were sent, but for a barrier that is made to overtake
//     (shuffle.Overtaker): it comes a second time in front of what waits here, which is handed to the producer to save.
//   - Credit is in bytes and belongs to a channel: only credited bytes are written, of which one frame may overdraw, and
//     a reserve of control elements that need none. So the goroutine that reads a connection never waits, and no channel
//     holds up another. The credit for a frame comes back as soon as the far channel has Room again, that is when the task
//     has received enough.
//   - Memory is bounded on both sides: an Exchange queues about its share of Options.Memory, an Input grants about its own,
//     divided among the channels that are in use. A channel costs nothing before its first element but its Sender.
//   - A frame leaves at once when the connection is idle; under load frames gather to writes of up to 1 MiB.
//   - When a connection is lost, or damaged as checksums and sequence numbers tell, every task with an unfinished channel on
//     it is told by a LostError, which names the producers that must run again. Senders then take no more: Room is false
//     until the Exchange is closed.
//   - An Input that is closed before its end frees its producers, as a closed Gate does.
//
// Start reading at exchange.go, then sender.go, link.go and input.go along the way of a batch.
package network
