SELECT
  `masks`.`date`,
  `masks`.`word_1`,
  count(*) AS `keys`
FROM (
  SELECT
    `merged`.`date` AS `date`,
    `merged`.`key_1` AS `key_1`,
    CASE
      WHEN (
        `merged`.`key_1` IS NULL
      )
      THEN (
        `merged`.`word_1` & 2147483008
      ) | (
        (
          `merged`.`word_1` & 639
        ) << 31
      )
      ELSE `merged`.`word_1`
    END AS `word_1`
  FROM (
    SELECT
      `rows_of_all`.`date` AS `date`,
      `rows_of_all`.`key_1` AS `key_1`,
      CAST(BIT_OR(`rows_of_all`.`word_1`) AS INT64) AS `word_1`
    FROM (
      SELECT
        CAST(`nbac_schedule`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `nbac_schedule`.`game_id` < '!' OR `nbac_schedule`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`nbac_schedule`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `nbac_schedule`.`game_id`
        END AS `key_1`,
        0 AS `arm`,
        1 AS `word_1`
      FROM `nba_raw`.`nbac_schedule`
      WHERE
        (
          `nbac_schedule`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
          AND `nbac_schedule`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
          OR `nbac_schedule`.`game_date` IS NULL
        )
        AND (
          `nbac_schedule`.`game_id` IS NULL OR `nbac_schedule`.`game_id` NOT LIKE '003%%'
        )
      UNION ALL
      SELECT
        CAST(`bdl_player_boxscores`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `bdl_player_boxscores`.`game_id` < '!' OR `bdl_player_boxscores`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`bdl_player_boxscores`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `bdl_player_boxscores`.`game_id`
        END AS `key_1`,
        1 AS `arm`,
        2 AS `word_1`
      FROM `nba_raw`.`bdl_player_boxscores`
      WHERE
        `bdl_player_boxscores`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `bdl_player_boxscores`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `bdl_player_boxscores`.`game_date` IS NULL
      UNION ALL
      SELECT
        CAST(`nbac_gamebook_player_stats`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `nbac_gamebook_player_stats`.`game_id` < '!'
              OR `nbac_gamebook_player_stats`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`nbac_gamebook_player_stats`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `nbac_gamebook_player_stats`.`game_id`
        END AS `key_1`,
        2 AS `arm`,
        4 AS `word_1`
      FROM `nba_raw`.`nbac_gamebook_player_stats`
      WHERE
        `nbac_gamebook_player_stats`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `nbac_gamebook_player_stats`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `nbac_gamebook_player_stats`.`game_date` IS NULL
      UNION ALL
      SELECT
        CAST(`nbac_player_boxscores`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `nbac_player_boxscores`.`game_id` < '!'
              OR `nbac_player_boxscores`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`nbac_player_boxscores`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `nbac_player_boxscores`.`game_id`
        END AS `key_1`,
        3 AS `arm`,
        8 AS `word_1`
      FROM `nba_raw`.`nbac_player_boxscores`
      WHERE
        `nbac_player_boxscores`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `nbac_player_boxscores`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `nbac_player_boxscores`.`game_date` IS NULL
      UNION ALL
      SELECT
        CAST(`player_game_summary`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `player_game_summary`.`game_id` < '!' OR `player_game_summary`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`player_game_summary`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `player_game_summary`.`game_id`
        END AS `key_1`,
        4 AS `arm`,
        16 AS `word_1`
      FROM `nba_analytics`.`player_game_summary`
      WHERE
        `player_game_summary`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `player_game_summary`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `player_game_summary`.`game_date` IS NULL
      UNION ALL
      SELECT
        CAST(`team_defense_game_summary`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `team_defense_game_summary`.`game_id` < '!'
              OR `team_defense_game_summary`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`team_defense_game_summary`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `team_defense_game_summary`.`game_id`
        END AS `key_1`,
        5 AS `arm`,
        32 AS `word_1`
      FROM `nba_analytics`.`team_defense_game_summary`
      WHERE
        `team_defense_game_summary`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `team_defense_game_summary`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `team_defense_game_summary`.`game_date` IS NULL
      UNION ALL
      SELECT
        CAST(`player_composite_factors`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `player_composite_factors`.`game_id` < '!'
              OR `player_composite_factors`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`player_composite_factors`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `player_composite_factors`.`game_id`
        END AS `key_1`,
        6 AS `arm`,
        64 AS `word_1`
      FROM `nba_precompute`.`player_composite_factors`
      WHERE
        `player_composite_factors`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `player_composite_factors`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `player_composite_factors`.`game_date` IS NULL
      UNION ALL
      SELECT
        CAST(`team_defense_zone_analysis`.`analysis_date` AS DATE) AS `date`,
        NULL AS `key_1`,
        7 AS `arm`,
        128 AS `word_1`
      FROM `nba_precompute`.`team_defense_zone_analysis`
      WHERE
        `team_defense_zone_analysis`.`analysis_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `team_defense_zone_analysis`.`analysis_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `team_defense_zone_analysis`.`analysis_date` IS NULL
      UNION ALL
      SELECT
        CAST(`player_daily_cache`.`cache_date` AS DATE) AS `date`,
        NULL AS `key_1`,
        8 AS `arm`,
        256 AS `word_1`
      FROM `nba_precompute`.`player_daily_cache`
      WHERE
        `player_daily_cache`.`cache_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `player_daily_cache`.`cache_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `player_daily_cache`.`cache_date` IS NULL
      UNION ALL
      SELECT
        CAST(`prediction_accuracy`.`game_date` AS DATE) AS `date`,
        CASE
          WHEN (
            (
              `prediction_accuracy`.`game_id` < '!' OR `prediction_accuracy`.`game_id` > '~'
            )
            AND REGEXP_CONTAINS(`prediction_accuracy`.`game_id`, '^[\\pZ\\p{Cc}\\p{Cf}]*$')
          )
          THEN NULL
          ELSE `prediction_accuracy`.`game_id`
        END AS `key_1`,
        9 AS `arm`,
        512 AS `word_1`
      FROM `nba_predictions`.`prediction_accuracy`
      WHERE
        `prediction_accuracy`.`game_date` >= CAST('2025-01-01 00:00:00' AS TIMESTAMP)
        AND `prediction_accuracy`.`game_date` < CAST('2025-02-01 00:00:00' AS TIMESTAMP)
        OR `prediction_accuracy`.`game_date` IS NULL
    ) AS `rows_of_all`
    GROUP BY
      `rows_of_all`.`date`,
      `rows_of_all`.`key_1`
  ) AS `merged`
) AS `masks`
GROUP BY
  `masks`.`date`,
  `masks`.`word_1`
