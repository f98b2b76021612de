#!/usr/bin/env bash
# Compiles the jobs against one Flink release and packs the jars that the suites and situations upload.
# usage: build.sh FLINK_LIB_DIR OUT_DIR [JAVA_RELEASE, default: 11]
set -euo pipefail
lib=$1 out=$2 release=${3:-11}
here=$(cd "$(dirname "$0")" && pwd)
class_path=$(printf '%s:' "$lib"/*.jar)
mkdir -p "$out"
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac -nowarn -Xlint:none --release "$release" -cp "$class_path" -d "$classes" "$here"/src/org/example/jobs/*.java

pack() { # jar name, line of the manifest
  printf '%s\n' "$2" > "$classes/manifest"
  jar cfm "$out/$1" "$classes/manifest" -C "$classes" org
}
jobs=org.example.jobs
pack wordcount.jar  "Main-Class: $jobs.WordCount"
pack finite.jar     "Main-Class: $jobs.Finite"
pack failing.jar    "Main-Class: $jobs.Failing"
pack mainthrows.jar "Main-Class: $jobs.MainThrows"
pack noexecute.jar  "Main-Class: $jobs.NoExecute"
pack twosources.jar "Main-Class: $jobs.TwoSources"
pack partlyfinished.jar "Main-Class: $jobs.PartlyFinished"
pack stopfails.jar  "Main-Class: $jobs.StopFails"
pack nomain.jar     "Built-By: oracle"
pack twoentries.jar "program-class: $jobs.WordCount,$jobs.Finite"
pack badmain.jar    "Main-Class: $jobs.DoesNotExist"
