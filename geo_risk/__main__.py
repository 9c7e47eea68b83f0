from geo_risk.cli import main

raise SystemExit(main())
