// Package submission prepares applications for YARN: what the configuration asks for, whether the cluster can give it, and which
// files containers need.
//
// A Spec is an application as its user wants it. Check compares it with what Look has found out about the cluster, before
// anything is uploaded or submitted; each finding is one sentence with the key to change. Stage puts programs on HDFS once, by
// the digest of their content: a second application, or another user's if it is in yarn.provided.lib.dirs, uploads nothing,
// and nodes keep their copies. Context is what is submitted.
//
// Start reading at Spec.
package submission
