"""Deploys and upgrades jobs on a Flink session cluster: `deployer.sync` with httpx, `deployer.aio` with aiohttp."""
