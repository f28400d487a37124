// Package check tries, before anything is submitted, what an application on YARN needs: the configuration, the login, the
// ResourceManager, the queue and the sizes of containers, a folder on HDFS, the clock, and on a secured cluster the tokens. Each
// check is one Finding with a remedy; what cannot be tried because of an earlier failure is left out.
package check
